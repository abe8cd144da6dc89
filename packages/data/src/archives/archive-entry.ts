/** A file in an archive: its path there, with forward slashes, and where its bytes are. */
export interface ArchiveEntry {
  readonly path: string;
  readonly part: ArchivePart;
}

/** The place of a picture in an archive. */
export interface ArchivePart {
  readonly format: 'zip' | 'tar';
  /** Of the entry's local header (zip) or of its first byte (tar). */
  readonly offset: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly compression: 'stored' | 'deflated';
  /** Of the unpacked bytes, where the archive has one. */
  readonly crc32?: number;
}
