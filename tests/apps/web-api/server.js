// web-api — the chapter's consumer: asks recipe-api and says who answered. VERSION 2 adds /hello, 3 adds /kill.
'use strict';
const http = require('node:http');

const version = Number(process.env.VERSION ?? 1);
const target = process.env.TARGET ?? 'localhost:4000';

function answer(response, status, body) {
  response.writeHead(status, { 'Content-Type': typeof body === 'string' ? 'text/plain' : 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body) + '\n');
}

// A connection of its own for every question: the Service chooses anew.
function ask(response) {
  http.get(`http://${target}/recipes/42`, { agent: false }, (from) => {
    let text = '';
    from.on('data', (piece) => { text += piece; });
    from.on('end', () => {
      try {
        answer(response, 200, { consumer_pid: process.pid, hostname: process.env.HOSTNAME, producer_data: JSON.parse(text) });
      } catch {
        answer(response, 502, { error: `${target} did not answer JSON` });
      }
    });
  }).on('error', (error) => answer(response, 502, { error: error.message }));
}

const server = http.createServer((request, response) => {
  if (request.url === '/') return ask(response);
  if (version >= 2 && request.url === '/hello') return answer(response, 200, 'Hello');
  if (version >= 3 && request.url === '/kill') process.exit(42);
  answer(response, 404, { error: 'not_found' });
});
server.listen(Number(process.env.PORT ?? 1337), process.env.HOST ?? '0.0.0.0',
  () => console.log('web-api v%d listens on %d', version, server.address().port));

// A stop signal: who still has a connection gets its answer and the word that it was the last one on it.
let stopping = false;
server.prependListener('request', (request, response) => {
  if (stopping) response.setHeader('Connection', 'close');
});
process.on('SIGTERM', () => {
  stopping = true;
  setTimeout(() => server.close(() => process.exit(0)), 1000);
});
