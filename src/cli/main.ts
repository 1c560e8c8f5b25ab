#!/usr/bin/env node
import { runCli } from './run-cli.js';
import { Terminal } from './terminal.js';

// Warnings of Node.js are for developers; grpc-js causes one wherever a server is named by its address.
process.noDeprecation = true;

// Who reads only the first lines, as `head` does, is content with them.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

process.exitCode = await runCli(process.argv.slice(2), new Terminal(process, process.env), process.env, process.cwd());
