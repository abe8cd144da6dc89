/** What is known of the machine, without loading an engine. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, freemem, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { processorQuota, usableProcessors } from '../processors.js';

/** What `doctor` knows of the machine. */
export interface Machine {
  readonly node: { readonly version: string /** NODE_MODULE_VERSION */; readonly abi: string; readonly path: string };
  readonly system: {
    readonly platform: string;
    readonly architecture: string;
    readonly name: string;
    /** `glibc 2.36` or `musl`; null where it is not Linux. */
    readonly libc: string | null;
  };
  readonly processor: {
    readonly model: string;
    /** Vector instructions that engines have kernels for. */
    readonly features: readonly string[];
    readonly cores: number;
    /** Cores that this process may run on: its affinity mask. */
    readonly allowed: number;
    /** Processor time of the container, in processors; null without a limit. */
    readonly quota: number | null;
    /** What remains of all this: the number of threads that engines get. */
    readonly usable: number;
  };
  /** In bytes. */
  readonly memory: {
    readonly total: number;
    readonly available: number;
    /** The container's limit; null without one. */
    readonly limit: number | null;
  };
  /** CUDA runtimes that were found, as versions: `12` of libcudart.so.12. */
  readonly cuda: readonly string[];
  readonly cudnn: readonly string[];
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function systemName(): string {
  const name = /^PRETTY_NAME="?(.*?)"?$/m.exec(read('/etc/os-release'))?.[1];
  return name === undefined ? release() : `${name}, kernel ${release()}`;
}

function libc(): string | null {
  if (process.platform !== 'linux') return null;
  // The whole report asks the network for names, which may take seconds.
  const settings: { excludeNetwork?: boolean } & NodeJS.ProcessReport = process.report;
  settings.excludeNetwork = true;
  const { header } = settings.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime === undefined ? 'musl' : `glibc ${header.glibcVersionRuntime}`;
}

const vectorInstructions = [
  'sse4_2',
  'avx',
  'f16c',
  'fma',
  'avx2',
  'avx512f',
  'avx512_vnni',
  'avx512_bf16',
  'amx_tile',
  'asimd',
  'asimddp',
  'sve',
];

function processorFeatures(): string[] {
  const flags = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(read('/proc/cpuinfo'))?.[1]?.split(' ') ?? [];
  return vectorInstructions.filter((name) => flags.includes(name));
}

/** Versions in the names of a library's files, in the folders where the dynamic linker looks for it. */
function libraryVersions(library: string): string[] {
  const toolkits = existsSync('/usr/local') ? readdirSync('/usr/local').filter((name) => name.startsWith('cuda')) : [];
  const folders = [
    ...(process.env['LD_LIBRARY_PATH'] ?? '').split(':'),
    ...toolkits.flatMap((name) => [`/usr/local/${name}/lib64`, `/usr/local/${name}/targets/x86_64-linux/lib`]),
    '/usr/lib/x86_64-linux-gnu',
    '/usr/lib/aarch64-linux-gnu',
    '/usr/lib64',
    '/usr/lib',
  ].filter((folder) => folder !== '' && existsSync(folder));
  const versions = folders.flatMap((folder) =>
    readdirSync(join(folder))
      .filter((name) => name.startsWith(`${library}.so.`))
      .map((name) => name.slice(library.length + 4)),
  );
  // libcudart.so.11.0 and libcudart.so.11.2.152 are one library under two names.
  return [...new Set(versions)].filter((version) => !versions.some((other) => other.startsWith(`${version}.`)));
}

/** Looks at Node, the system, the processor with the limits of a container, memory and CUDA's libraries. */
export function inspectMachine(): Machine {
  const quota = processorQuota();
  const total = totalmem();
  const limit = process.constrainedMemory();
  return {
    node: { version: process.versions.node, abi: process.versions.modules, path: process.execPath },
    system: { platform: process.platform, architecture: process.arch, name: systemName(), libc: libc() },
    processor: {
      model: cpus()[0]?.model.trim() || 'unknown',
      features: processorFeatures(),
      cores: cpus().length,
      allowed: availableParallelism(),
      quota: Number.isFinite(quota) ? quota : null,
      usable: usableProcessors(),
    },
    memory: {
      total,
      available: typeof process.availableMemory === 'function' ? process.availableMemory() : freemem(),
      // libuv gives a huge number, or none, where there is no limit.
      limit: limit !== undefined && limit > 0 && limit < total ? limit : null,
    },
    cuda: process.platform === 'linux' ? libraryVersions('libcudart') : [],
    cudnn: process.platform === 'linux' ? libraryVersions('libcudnn') : [],
  };
}
