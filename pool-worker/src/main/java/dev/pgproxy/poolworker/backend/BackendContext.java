package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.poolworker.relay.RelayBuffers;

/**
 * What all backends of a worker share.
 *
 * @param parameters what is known of the parameters that functions set
 */
public record BackendContext(EventLoop loop, RelayBuffers buffers, CustomParameters parameters, StatusTable statuses) {}
