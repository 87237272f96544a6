// recipe-api — the chapter's producer: one recipe, and which process answered.
'use strict';
const http = require('node:http');

const recipe = {
  id: 42,
  name: 'Chicken Tikka Masala',
  steps: 'Throw it in a pot...',
  ingredients: [
    { id: 1, name: 'Chicken', quantity: '1 lb' },
    { id: 2, name: 'Sauce', quantity: '2 cups' },
  ],
};

const server = http.createServer((request, response) => {
  const found = request.method === 'GET' && request.url === '/recipes/42';
  response.writeHead(found ? 200 : 404, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(found ? { producer_pid: process.pid, recipe } : { error: 'not_found' }) + '\n');
});
server.listen(Number(process.env.PORT ?? 1337), process.env.HOST ?? '0.0.0.0',
  () => console.log('recipe-api listens on %d', server.address().port));

// A stop signal: who still has a connection gets its answer and the word that it was the last one on it.
let stopping = false;
server.prependListener('request', (request, response) => {
  if (stopping) response.setHeader('Connection', 'close');
});
process.on('SIGTERM', () => {
  stopping = true;
  setTimeout(() => server.close(() => process.exit(0)), 1000);
});
