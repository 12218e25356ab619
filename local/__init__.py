"""What runs NavSync whole on one machine."""
