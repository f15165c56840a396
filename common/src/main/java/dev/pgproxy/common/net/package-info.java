/** Where something listens: what the configuration, the state file and the control protocol name a server by. */
@NullMarked
package dev.pgproxy.common.net;

import org.jspecify.annotations.NullMarked;
