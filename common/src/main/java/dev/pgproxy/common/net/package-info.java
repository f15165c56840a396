/** Where something listens: how the configuration, the state file and the control protocol name a server. */
@NullMarked
package dev.pgproxy.common.net;

import org.jspecify.annotations.NullMarked;
