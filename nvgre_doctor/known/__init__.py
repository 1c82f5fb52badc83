"""What the user tells: VSIDs, an inventory, which layouts are expected, and what is no NVGRE."""
