"""What people see of a drill: its area, its words, its scorecard."""
