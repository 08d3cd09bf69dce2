"""All that touches Crossbar in a running router: `component`, which Crossbar loads, and its two ways to and from the dispatcher,
`dealer_session` and `direct_path`.
"""
