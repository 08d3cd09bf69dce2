"""What clients, workers and the dispatcher have agreed on."""
