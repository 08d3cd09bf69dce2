"""Login by OpenID Connect: a provider says who a person is, and the node which role that has."""
