"""The attached workers, the sessions that offer tasks, and the requests of operators about them."""
