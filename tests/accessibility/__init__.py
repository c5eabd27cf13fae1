"""What checkers of others say about the admin's pages; they need Node."""
