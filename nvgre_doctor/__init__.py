"""nvgre-doctor: find out which Hyper-V hosts still speak the old NVGRE key layout, and who cannot talk because of it."""

__version__ = "1.0.0"
