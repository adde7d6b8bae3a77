"""POHODA mServer: the one way in which Pohoda itself takes changes of its documents (pohoda-mserver.md)."""
