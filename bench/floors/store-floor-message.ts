/** What a floor of a store is told: to write as fast as it can for a while. */
export interface StoreFloorMessage {
  /** Folder of the LMDB environment, or URL of the MongoDB server. */
  readonly location: string;
  readonly inFlight: number;
  readonly windowMs: number;
  /** How many records are stored before, and overwritten at random; 0 to insert new ones. */
  readonly overwritten: number;
}

export interface StoreFloorReply {
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly cpuUsPerRequest: number;
}
