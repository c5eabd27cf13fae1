"""The same entity as a Django engineer writes it in an hour, and as bare views: to compare with."""
