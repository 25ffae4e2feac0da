"""What every system of the office stands on: registers and who may record in them, and the standing of a due."""
