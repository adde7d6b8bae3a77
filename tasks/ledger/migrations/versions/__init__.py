"""One file per version; a file that has been released never changes."""
