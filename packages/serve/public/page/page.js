// The page at / of a server: an image goes to POST /classify, and /metrics is read every second.
const at = (id) => document.getElementById(id);
const base = new URL('.', location.href);
const milliseconds = (time) => `${time < 10 ? time.toFixed(1) : Math.round(time)} ms`;

const key = () => at('key').value || sessionStorage.getItem('key') || '';
const headers = () => (key() === '' ? {} : { 'x-api-key': key() });

async function ask(path, init = {}) {
  const response = await fetch(new URL(path, base), { ...init, headers: headers() });
  if (response.status === 401) at('key-field').hidden = false;
  if (response.ok) return response;
  const { error } = await response.json().catch(() => ({}));
  throw new Error(error ?? `the server answered ${response.status}`);
}

function tell(error) {
  at('error').textContent = error === null ? '' : String(error.message ?? error);
  at('error').hidden = error === null;
}

async function listModels() {
  const index = await (await ask('v2/repository/index', { method: 'POST' })).json();
  const names = [...new Set(index.filter(({ state }) => state === 'READY').map(({ name }) => name))];
  const chosen = at('model').value;
  at('model').replaceChildren(...names.map((name) => new Option(name, name, false, name === chosen)));
}

let current = null;
let latest = 0;

async function classify(file) {
  const turn = ++latest;
  tell(null);
  try {
    const picture = await createImageBitmap(file).catch(() => null);
    if (picture === null) hideImage();
    else draw(picture, null);
    const start = performance.now();
    const query = new URLSearchParams({ model: at('model').value, map: 'true' });
    const answer = await (await ask(`classify?${query}`, { method: 'POST', body: file })).json();
    const whole = performance.now() - start;
    // A later image has been chosen meanwhile.
    if (turn !== latest) return;
    const [image] = answer.images;
    current = { file, picture, map: image.map ?? null };
    showClasses(image.predictions);
    showTimes(whole, answer.times);
    at('show-map').hidden = current.map === null || picture === null;
    redraw();
  } catch (error) {
    if (turn !== latest) return;
    at('classes').replaceChildren();
    at('times').hidden = true;
    at('show-map').hidden = true;
    tell(error);
  }
}

function showClasses(predictions) {
  at('classes').replaceChildren(
    ...predictions.map(({ category, probability }) => {
      const [row, line, name, share, bar] = ['li', 'div', 'span', 'span', 'meter'].map((tag) =>
        document.createElement(tag),
      );
      name.textContent = category;
      share.textContent = `${(100 * probability).toFixed(1)} %`;
      bar.value = probability;
      bar.setAttribute('aria-label', category);
      line.className = 'line';
      line.append(name, share);
      row.append(line, bar);
      return row;
    }),
  );
}

function showTimes(whole, { prepare, queue, compute }) {
  for (const [id, time] of Object.entries({ whole, prepare, queue, compute })) at(id).textContent = milliseconds(time);
  at('times').hidden = false;
}

function hideImage() {
  at('image').hidden = true;
  at('hint').hidden = false;
}

function redraw() {
  if (current?.picture) draw(current.picture, at('map').checked ? current.map : null);
}

function draw(picture, map) {
  const canvas = at('image');
  // Large ones become smaller; those of CIFAR and the like are shown pixel by pixel.
  const longest = Math.max(picture.width, picture.height);
  const scale = longest < 128 ? Math.floor(320 / longest) : Math.min(1, 640 / longest);
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = canvas.getContext('2d');
  context.imageSmoothingEnabled = scale <= 1;
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  canvas.hidden = false;
  at('hint').hidden = true;
  if (map === null) return;
  // The network sees the middle of the image, whose shorter side is resizeSize, cropSize wide.
  const side = (Math.min(canvas.width, canvas.height) * map.crop.cropSize) / map.crop.resizeSize;
  context.globalAlpha = 0.55;
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = 'high';
  context.drawImage(colored(map), (canvas.width - side) / 2, (canvas.height - side) / 2, side, side);
  context.globalAlpha = 1;
}

// Matplotlib's inferno at nine places. Repeated in @cnnzoo/evaluate: a page without a build imports no package.
const inferno = [
  [0, 0, 4],
  [31, 12, 72],
  [85, 15, 109],
  [136, 34, 106],
  [186, 54, 85],
  [227, 89, 51],
  [249, 140, 10],
  [249, 201, 50],
  [252, 255, 164],
];

function colored({ rows, columns, values }) {
  const canvas = document.createElement('canvas');
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext('2d');
  const pixels = context.createImageData(columns, rows);
  values.forEach((value, place) => {
    const position = value * (inferno.length - 1);
    const below = Math.min(inferno.length - 2, Math.floor(position));
    for (let c = 0; c < 3; c++)
      pixels.data[4 * place + c] = inferno[below][c] + (position - below) * (inferno[below + 1][c] - inferno[below][c]);
    pixels.data[4 * place + 3] = 255;
  });
  context.putImageData(pixels, 0, 0);
  return canvas;
}

// Sums of a metric over its labels, but where a label says otherwise.
function sum(text, name, label = '') {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => line.includes(label))
    .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0);
}

const rates = [];
let before = null;

async function readMetrics() {
  const text = await (await ask('metrics')).text();
  const now = {
    time: performance.now(),
    images: sum(text, 'cnnzoo_images_total'),
    batches: sum(text, 'cnnzoo_batch_size_count'),
    batched: sum(text, 'cnnzoo_batch_size_sum'),
  };
  if (before !== null) rates.push((1000 * (now.images - before.images)) / (now.time - before.time));
  before = now;
  if (rates.length > 60) rates.shift();
  const delay = sum(text, 'nodejs_eventloop_lag_p99_seconds') * 1000;
  const rows = {
    'images predicted': now.images,
    'images a batch': now.batches === 0 ? '–' : (now.batched / now.batches).toFixed(2),
    'images waiting': sum(text, 'cnnzoo_waiting_images'),
    'requests failed': sum(text, 'cnnzoo_failures_total'),
    'event loop, 99 %': milliseconds(delay),
    memory: `${Math.round(sum(text, 'process_resident_memory_bytes') / 2 ** 20)} MiB`,
  };
  at('metrics').replaceChildren(
    ...Object.entries(rows).map(([name, value]) => {
      const [row, term, detail] = ['div', 'dt', 'dd'].map((tag) => document.createElement(tag));
      term.textContent = name;
      detail.textContent = value;
      row.append(term, detail);
      return row;
    }),
  );
  const most = Math.max(1, ...rates);
  const points = rates.map((rate, i) => `${(300 * (i + 60 - rates.length)) / 59},${57 - (54 * rate) / most}`);
  at('rate').firstElementChild.setAttribute('points', points.join(' '));
}

const drop = at('drop');
for (const type of ['dragenter', 'dragover'])
  drop.addEventListener(type, (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
for (const type of ['dragleave', 'drop']) drop.addEventListener(type, () => drop.classList.remove('over'));
drop.addEventListener('drop', (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (file) void classify(file);
});
addEventListener('paste', (event) => {
  const [file] = event.clipboardData?.files ?? [];
  if (file) void classify(file);
});
at('file').addEventListener('change', () => {
  const [file] = at('file').files;
  if (file) void classify(file);
  at('file').value = '';
});
at('map').addEventListener('change', redraw);
at('model').addEventListener('change', () => current && classify(current.file));
at('key-field').addEventListener('submit', (event) => event.preventDefault());
at('key').addEventListener('change', () => {
  sessionStorage.setItem('key', at('key').value);
  start();
});

async function start() {
  try {
    await listModels();
    tell(null);
  } catch (error) {
    tell(error);
  }
}

async function watch() {
  if (!document.hidden) await readMetrics().catch(() => {});
  setTimeout(watch, 1000);
}

void start();
void watch();
