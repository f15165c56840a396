package dev.pgproxy.common.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class BufferAddressTest {

    @Test
    void eachBufferHasItsOwnAddressWhateverIsInIt() {
        ByteBuffer one = ByteBuffer.allocateDirect(8);
        ByteBuffer other = ByteBuffer.allocateDirect(8);
        BufferAddress memory = new BufferAddress();
        for (ByteBuffer each : new ByteBuffer[] {one, other, one, one.position(3), one.slice(), other}) {
            assertEquals(Libc.address(each), memory.of(each));
        }
    }
}
