/** Bytes that are not what they claim to be. `code` is one of the problem codes in format-spec/registry.md. */
export class CodecError extends Error {
  readonly code: "zstd" | "msgpack";

  constructor(code: "zstd" | "msgpack", message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CodecError";
    this.code = code;
  }
}
