"""The commands of what is read: reports, documents, the counter's standing, the demo and the doctor."""
