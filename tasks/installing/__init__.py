"""What the product is on a client's machine: its home folder, its services and its versions."""
