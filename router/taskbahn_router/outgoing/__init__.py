"""What the node's own worker does, in a process of its own: web hooks and mails."""
