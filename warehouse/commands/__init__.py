"""The commands of the warehouse: builds, the law at the counter, and the acts of staff."""
