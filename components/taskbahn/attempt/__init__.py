"""One attempt as the code that runs it sees it: what it says, what it asks, when it has to stop."""
