"""Tasks as an application declares and starts them."""
