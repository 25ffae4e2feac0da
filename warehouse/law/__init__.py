"""The law as dated data (parameters/*.yml) and the scalar rules on it: pure functions, no database, no clock."""
