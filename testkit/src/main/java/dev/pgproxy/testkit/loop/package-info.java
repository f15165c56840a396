/** What an event loop needs in a test whose time stands still until the test moves it. */
@NullMarked
package dev.pgproxy.testkit.loop;

import org.jspecify.annotations.NullMarked;
