"""What clients hand in, checked, in a fair order, within bounds."""
