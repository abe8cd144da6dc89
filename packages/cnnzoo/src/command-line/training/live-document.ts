/** How a run has ended. */
export interface RunEnd {
  readonly state: 'done' | 'interrupted' | 'failed';
  /** Of the error that it failed with. */
  readonly message?: string;
}

/** The page that follows a run, in light and dark, as wide as it is shown. It needs nothing but `events` beside it. */
export function liveDocument(title: string): string {
  const heading = title.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${heading}</title>
<style>
  :root { --text: #1f2933; --faint: #52606d; --line: #2563ab; --grid: #d9dee4; --bad: #b3261e }
  body { font: 15px/1.5 sans-serif; margin: 2rem auto; max-width: 920px; padding: 0 1rem; color: var(--text); overflow-wrap: anywhere }
  h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-bottom: .25rem }
  progress { width: 100%; accent-color: var(--line) } #steps { width: 100%; height: 160px; border-bottom: 1px solid var(--grid) }
  #steps polyline { stroke: var(--line) } .faint { color: var(--faint) } #state.bad { color: var(--bad); font-weight: bold }
  /* Small letters are scrolled to, not shrunk. */
  #epochs { overflow-x: auto } #epochs img { width: 100%; min-width: 640px }
  @media (prefers-color-scheme: dark) {
    :root { --text: #e4e7eb; --faint: #9aa5b1; --line: #6ea8e8; --grid: #3e4c59; --bad: #ff8a80 }
    body { background: #121212 } #epochs img { filter: invert(.93) hue-rotate(180deg) }
  }
</style>
<h1>${heading}</h1>
<p id="state" role="status">waiting for the first step</p>
<progress id="done" value="0" max="1" aria-label="part of the run that is done"></progress>
<p id="figures" class="faint"></p>
<h2>Loss of each step</h2>
<svg id="steps" viewBox="0 0 900 160" preserveAspectRatio="none" role="img" aria-label="loss of each step">
  <polyline fill="none" stroke-width="1.5" vector-effect="non-scaling-stroke"></polyline>
</svg>
<p id="range" class="faint"></p>
<h2>Epochs</h2>
<p id="epoch" class="faint">the first epoch has not ended yet</p>
<div id="epochs"><img id="curves" alt="loss and accuracy over the epochs" hidden></div>
<script>
  const title = document.title;
  const get = (id) => document.getElementById(id);
  const number = (value, digits) => value == null ? 'not finite' : value.toFixed(digits);
  const percent = (value) => number(value == null ? null : 100 * value, 1) + ' %';
  let losses = [], start = { epochs: 1, batchesPerEpoch: 1 }, drawing = false, ended = false;
  const say = (text, bad) => { get('state').textContent = text; get('state').className = bad ? 'bad' : ''; };
  function draw() {
    drawing = false;
    if (losses.length === 0) return;
    const [first] = losses[0], [last] = losses[losses.length - 1];
    let most = 0, least = Infinity;
    for (const [, loss] of losses) { most = Math.max(most, loss); least = Math.min(least, loss); }
    const points = losses.map(([step, loss]) =>
      (900 * (step - first) / (last - first || 1)).toFixed(1) + ',' + (155 - 150 * loss / (most || 1)).toFixed(1));
    document.querySelector('#steps polyline').setAttribute('points', points.join(' '));
    get('range').textContent = 'steps ' + first + ' to ' + last + '; the axis begins at 0, the losses are from ' + least.toPrecision(3) + ' to ' + most.toPrecision(3);
  }
  function drawSoon() {
    if (!drawing) { drawing = true; setTimeout(draw, 50); }
  }
  const events = new EventSource('events');
  const on = (type, listener) => events.addEventListener(type, (event) => listener(JSON.parse(event.data)));
  on('losses', (all) => { losses = all; drawSoon(); });
  on('start', (event) => { start = event; say('training'); });
  on('step', (event) => {
    const before = losses.length === 0 ? -1 : losses[losses.length - 1][0];
    if (event.loss != null && event.step > before) losses.push([event.step, event.loss]);
    if (losses.length > 4000) losses = losses.filter((_, i) => i % 2 === 1);
    const done = (event.epoch + event.batch / start.batchesPerEpoch) / start.epochs;
    get('done').value = done;
    document.title = Math.floor(100 * done) + ' % ' + title;
    say('epoch ' + (event.epoch + 1) + ' of ' + start.epochs + ', step ' + event.step);
    get('figures').textContent = 'loss ' + number(event.epochLoss, 3) + ', accuracy ' + percent(event.epochAccuracy) +
      ', learning rate ' + event.learningRate.toPrecision(3) + ', ' + Math.round(1000 * event.count / event.milliseconds) + ' images/s';
    drawSoon();
  });
  on('epoch', (event) => {
    const { validation } = event;
    get('epoch').textContent = 'epoch ' + (event.epoch + 1) + ': loss ' + number(event.loss, 3) + ', accuracy ' + percent(event.accuracy) +
      (validation ? '; in validation loss ' + number(validation.loss, 3) + ', accuracy ' + percent(validation.accuracy) : '');
  });
  on('curves', ({ svg }) => {
    get('curves').src = 'data:image/svg+xml,' + encodeURIComponent(svg);
    get('curves').hidden = false;
  });
  on('end', ({ state, message }) => {
    ended = true;
    events.close();
    if (state === 'done') get('done').value = 1;
    say(message ? state + ': ' + message : state, state === 'failed');
    document.title = state + ': ' + title;
  });
  events.onerror = () => { if (!ended) say('the connection to the run is lost; this page connects again where the run is still there', true); };
</script>
</html>
`;
}
