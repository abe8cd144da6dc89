/** What is known of a file's hash before it is downloaded. */
export interface FileHash {
  readonly algorithm: 'sha256' | 'md5';
  /** Its first hexadecimal digits, or all of them. */
  readonly prefix: string;
}
