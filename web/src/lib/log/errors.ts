/** Evidence that is not what it is said to be. */

export class LogFormatError extends Error {
  override name = "LogFormatError";
}

/** A note that is malformed, or not signed as it must be. */
export class BadNote extends LogFormatError {
  override name = "BadNote";
}

/** A key, or a key's name, that cannot be used. */
export class BadKey extends LogFormatError {
  override name = "BadKey";
}

/** A proof that does not show what it is said to show. */
export class BadProof extends LogFormatError {
  override name = "BadProof";
}

/** A tile or bundle that is not as long as it must be. */
export class BadTile extends LogFormatError {
  override name = "BadTile";
}
