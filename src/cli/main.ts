#!/usr/bin/env node
import { runCli } from './run-cli.js';
import { Terminal } from './terminal.js';

// Warnings of Node.js are for developers; grpc-js causes one wherever a server is named by its address.
process.noDeprecation = true;

// Who reads only the first lines, as `head` does, is content with them.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

const exitCode = await runCli(process.argv.slice(2), new Terminal(process, process.env), process.env, process.cwd());
for (const stream of [process.stdout, process.stderr]) {
  await new Promise((resolve) => {
    stream.write('', resolve);
  });
}
// grpc-js leaves a connection open that is still being made when its client is closed, and that would keep the process.
process.exit(exitCode);
