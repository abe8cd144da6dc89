/** What is used of the package, which has no types. */
declare module '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs' {
  export interface JPEGDecoder {
    /** Where to put a file of so many bytes. */
    getEncodedBuffer(length: number): Uint8Array;
    /** Reads what `getFrameInfo` gives. Throws a number where it is none of a JPEG. */
    readHeader(): void;
    /** Throws a number where the file is refused or read with a warning. */
    decode(): void;
    getFrameInfo(): { readonly width: number; readonly height: number; readonly componentCount: number };
    /** Valid until the next file. */
    getDecodedBuffer(): Uint8Array;
  }

  /** Compiles the library, anew with each call. */
  export default function start(options: {
    /** Takes what the library would write to stderr. */
    readonly printErr: (text: string) => void;
  }): Promise<{ readonly JPEGDecoder: new () => JPEGDecoder }>;
}
