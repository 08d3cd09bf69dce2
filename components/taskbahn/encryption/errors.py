"""What is wrong with an encrypted value; a part of the tree in `taskbahn.errors`."""

from __future__ import annotations

from taskbahn.errors import PREFIX, CallerError


class DecryptionFailed(CallerError):
    """A value cannot be decrypted here: its key is not in the key ring, or it is not what was encrypted for this place.

    `detail["key"]`, if it has one, is the name of the key. No value and no key is ever part of the sentence.
    """

    uri = PREFIX + "decryption_failed"
