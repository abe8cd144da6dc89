/** A file in an archive: its path there, with forward slashes, and where its bytes are. */
export interface ArchiveEntry {
  readonly path: string;
  readonly part: ArchivePart;
}

/** What an archive holds. */
export interface ArchiveListing {
  readonly files: readonly ArchiveEntry[];
  /** Paths of the folders that have an entry of their own, empty ones among them. */
  readonly folders: readonly string[];
  /** Paths of links that lead to no file of the archive, and of what is neither file nor folder. */
  readonly others: readonly string[];
}

/** The place of an image in an archive. */
export interface ArchivePart {
  readonly format: 'zip' | 'tar';
  /** Of the entry's local header (zip) or of its first byte (tar). */
  readonly offset: number;
  readonly compressedSize: number;
  readonly size: number;
  /** 'other' cannot be read: another method than deflate, or encrypted. */
  readonly compression: 'stored' | 'deflated' | 'other';
  /** Of the unpacked bytes, where the archive has one. */
  readonly crc32?: number;
}
