"""Browser tokens of other issuers: whose they are, which keys sign them, and what they let a page do."""
