import { serveParent } from '../processes/serve-parent.js';
import { runDuel } from './duel.js';
import type { LoadJob, LoadResult } from './load-job.js';

serveParent<LoadJob, LoadResult>(runDuel);
