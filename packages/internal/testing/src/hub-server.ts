/** Hugging Face's hub on this machine, as far as clients need it to read a repository and to commit to it: huggingface_hub, timm, @huggingface/hub, and our own. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Repository {
  readonly isPrivate: boolean;
  /** The newest last. Each has all files of its state. */
  readonly commits: { readonly sha: string; readonly title: string; readonly files: ReadonlyMap<string, Buffer> }[];
}

export interface HubServer {
  readonly endpoint: string;
  /** The token that may write, and read what is private. */
  readonly token: string;
  readonly repositories: ReadonlyMap<string, Repository>;
  /** Method and path of each request, and whether it brought a token. */
  readonly requests: readonly { readonly line: string; readonly withToken: boolean }[];
  /** Puts files into a repository, as a commit of its owner. */
  put(name: string, files: Readonly<Record<string, string | Uint8Array>>, isPrivate?: boolean): void;
  close(): Promise<void>;
}

const isLarge = (path: string) => /\.(safetensors|bin)$/.test(path);
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const sha1 = (text: string | Buffer) => createHash('sha1').update(text).digest('hex');

export async function hubServer(port = 0): Promise<HubServer> {
  const token = 'hf_ofTheOwner';
  const repositories = new Map<string, Repository>();
  const stored = new Map<string, Buffer>();
  const requests: { line: string; withToken: boolean }[] = [];

  const add = (name: string, title: string, changes: ReadonlyMap<string, Buffer>): string => {
    const repository = repositories.get(name);
    if (repository === undefined) throw new Error(`no repository ${name}`);
    const files = new Map([...(repository.commits.at(-1)?.files ?? []), ...changes]);
    const sha = sha1(
      `${name} ${title} ${repository.commits.length} ${[...files].map(([path, bytes]) => path + sha256(bytes)).join()}`,
    );
    repository.commits.push({ sha, title, files });
    return sha;
  };
  const make = (name: string, isPrivate: boolean) => repositories.set(name, { isPrivate, commits: [] });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', endpoint);
    const path = decodeURIComponent(url.pathname);
    const isOwner = request.headers.authorization === `Bearer ${token}`;
    requests.push({ line: `${request.method} ${path}`, withToken: request.headers.authorization !== undefined });
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const json = (status: number, value: unknown, headers = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
    const refused = () => json(401, { error: 'Invalid username or password.' }, { 'x-error-code': 'RepoNotFound' });

    if (path.startsWith('/store/')) {
      const oid = path.slice('/store/'.length);
      if (request.method === 'PUT') {
        if (sha256(body) !== oid) return void json(400, { error: 'another hash' });
        stored.set(oid, body);
        return void response.writeHead(200).end();
      }
      const bytes = stored.get(oid);
      return bytes === undefined ? void response.writeHead(404).end() : send(request, response, bytes, `"${oid}"`);
    }
    if (path === '/api/repos/create') {
      if (!isOwner) return void refused();
      const { name, organization, visibility } = JSON.parse(body.toString()) as Record<string, string>;
      const id = `${organization}/${name}`;
      if (repositories.has(id))
        return void json(409, { error: 'You already created this model repo', url: `${endpoint}/${id}` });
      make(id, visibility === 'private');
      return void json(200, { url: `${endpoint}/${id}`, id, name: id });
    }
    const [, name = '', rest = ''] = /^\/(?:api\/models\/)?([^/]+\/[^/]+?)(?:\.git)?(?:\/(.*))?$/.exec(path) ?? [];
    const repository = repositories.get(name);
    if (repository === undefined || (repository.isPrivate && !isOwner)) return void refused();
    if (request.method === 'POST') {
      if (!isOwner) return void refused();
      if (rest.startsWith('preupload/')) {
        const { files } = JSON.parse(body.toString()) as { files: { path: string }[] };
        const modes = files.map((file) => ({ path: file.path, uploadMode: isLarge(file.path) ? 'lfs' : 'regular' }));
        return void json(200, { files: modes.map((mode) => ({ ...mode, shouldIgnore: false, oid: null })) });
      }
      if (rest === 'info/lfs/objects/batch') {
        const { objects } = JSON.parse(body.toString()) as { objects: { oid: string; size: number }[] };
        const upload = (oid: string) =>
          stored.has(oid) ? {} : { actions: { upload: { href: `${endpoint}/store/${oid}` } } };
        return void json(200, {
          transfer: 'basic',
          objects: objects.map(({ oid, size }) => ({ oid, size, ...upload(oid) })),
        });
      }
      if (rest.startsWith('commit/')) {
        const lines = body
          .toString()
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as CommitLine);
        const changes = new Map<string, Buffer>();
        let title = '';
        for (const { key, value } of lines) {
          if (key === 'header') title = value.summary ?? '';
          if (key === 'file') changes.set(value.path ?? '', Buffer.from(value.content ?? '', 'base64'));
          if (key !== 'lfsFile') continue;
          const bytes = stored.get(value.oid ?? '');
          if (bytes === undefined) return void json(400, { error: `LFS pointer of ${value.path} points to nothing` });
          changes.set(value.path ?? '', bytes);
        }
        const sha = add(name, title, changes);
        return void json(200, {
          success: true,
          commitOid: sha,
          commitUrl: `${endpoint}/${name}/commit/${sha}`,
          hookOutput: '',
        });
      }
    }
    const { commits } = repository;
    const commitOf = (revision: string) =>
      revision === 'main' ? commits.at(-1) : commits.find(({ sha }) => sha === revision);
    if (path.startsWith('/api/')) {
      const commit = commitOf(rest === '' ? 'main' : rest.replace('revision/', ''));
      if (commit === undefined)
        return void json(404, { error: 'Invalid rev id' }, { 'x-error-code': 'RevisionNotFound' });
      const siblings = [...commit.files.keys()].map((rfilename) => ({ rfilename }));
      return void json(200, {
        id: name,
        modelId: name,
        sha: commit.sha,
        private: repository.isPrivate,
        tags: [],
        siblings,
        downloads: 0,
      });
    }
    const [, revision = '', file = ''] = /^resolve\/([^/]+)\/(.*)$/.exec(rest) ?? [];
    const commit = commitOf(revision);
    const bytes = commit?.files.get(file);
    if (commit === undefined || bytes === undefined)
      return void json(
        404,
        { error: 'Entry not found' },
        { 'x-error-code': 'EntryNotFound', ...(commit && { 'x-repo-commit': commit.sha }) },
      );
    const facts = { 'x-repo-commit': commit.sha, 'accept-ranges': 'bytes' };
    if (!isLarge(file)) return send(request, response, bytes, `"${sha1(bytes)}"`, facts);
    const oid = sha256(bytes);
    stored.set(oid, bytes);
    response.writeHead(302, {
      ...facts,
      location: `${cdn}/store/${oid}`,
      etag: `"${oid}"`,
      'x-linked-etag': `"${oid}"`,
      'x-linked-size': bytes.length,
      'content-length': 0,
    });
    response.end();
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  // A client in this process may be busy for longer than the default of 5 s, and then use a connection that is gone.
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const { port: chosen } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${chosen}`;
  // Another origin: what is sent to the hub alone is not to arrive here.
  const cdn = `http://localhost:${chosen}`;
  return {
    endpoint,
    token,
    repositories,
    requests,
    put(name, files, isPrivate = false) {
      if (!repositories.has(name)) make(name, isPrivate);
      add(name, 'put', new Map(Object.entries(files).map(([path, content]) => [path, Buffer.from(content)])));
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface CommitLine {
  readonly key: string;
  readonly value: Readonly<Partial<Record<'summary' | 'path' | 'content' | 'oid', string>>>;
}

/** The whole or the range asked for. */
function send(request: IncomingMessage, response: ServerResponse, bytes: Buffer, etag: string, more = {}): void {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  const begin = Number(first ?? 0);
  const end = last ? Math.min(bytes.length, Number(last) + 1) : bytes.length;
  const part = bytes.subarray(begin, end);
  response.writeHead(first === undefined ? 200 : 206, {
    ...more,
    etag,
    'content-length': part.length,
    'content-type': 'application/octet-stream',
    ...(first !== undefined && { 'content-range': `bytes ${begin}-${end - 1}/${bytes.length}` }),
  });
  response.end(request.method === 'HEAD' ? undefined : part);
}
