/**
 * Loaded into every Node process of an installation (NODE_OPTIONS=--require): only this machine can be reached, and each attempt
 * to reach another is written to the file that CNNZOO_FOREIGN_CONNECTIONS names.
 */
const { appendFileSync } = require('node:fs');
const { Socket } = require('node:net');

const connect = Socket.prototype.connect;
Socket.prototype.connect = function guardedConnect(...args) {
  // (port, host), (path), (options) or the array that net.connect has made of these.
  const [first, second] = Array.isArray(args[0]) ? args[0] : args;
  const options = typeof first === 'object' ? first : { port: first, host: second };
  const host = typeof options.host === 'string' ? options.host : 'localhost';
  if (typeof options.path === 'string' || ['localhost', '127.0.0.1', '::1'].includes(host))
    return connect.apply(this, args);
  appendFileSync(
    process.env.CNNZOO_FOREIGN_CONNECTIONS,
    `${host}:${options.port} by ${process.argv.slice(1).join(' ')}\n`,
  );
  const error = Object.assign(new Error(`connect ENETUNREACH ${host}:${options.port}`), { code: 'ENETUNREACH' });
  process.nextTick(() => this.destroy(error));
  return this;
};
