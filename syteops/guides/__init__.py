"""The documentation, which the site shows and searches itself: whoever runs it needs no network."""
