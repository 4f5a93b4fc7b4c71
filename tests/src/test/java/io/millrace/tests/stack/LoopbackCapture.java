package io.millrace.tests.stack;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.net.NetworkInterface;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Looks at every packet of the loopback interface for some bytes, by a packet socket, which asks for the right to read everybody's
 * (CAP_NET_RAW). See packet(7). What two packets share is not found.
 */
public final class LoopbackCapture implements AutoCloseable {

    private static final int AF_PACKET = 17;
    private static final int SOCK_RAW = 3;
    /** All protocols, in the network's order of bytes. */
    private static final int ETH_P_ALL = 0x0300;
    private static final int SOL_SOCKET = 1;
    private static final int SO_RCVTIMEO = 20;
    private static final int SO_RCVBUFFORCE = 33;
    private static final int SOL_PACKET = 263;
    private static final int PACKET_STATISTICS = 6;
    private static final int BUFFER = 256 << 20;
    private static final int LARGEST = 1 << 17;
    private static final long WAKE_UP_MICROS = 100_000;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final AddressLayout POINTER = ValueLayout.ADDRESS;
    private static final MethodHandle SOCKET = call("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle BIND = call("bind", FunctionDescriptor.of(JAVA_INT, JAVA_INT, POINTER, JAVA_INT));
    private static final MethodHandle SET = call("setsockopt", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, POINTER, JAVA_INT));
    private static final MethodHandle GET = call("getsockopt", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, POINTER, POINTER));
    private static final MethodHandle RECEIVE = call("recv", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, POINTER, JAVA_LONG, JAVA_INT));
    private static final MethodHandle CLOSE = call("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

    private final byte[] wanted;
    private final int socket;
    private final Thread reader;
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong found = new AtomicLong();
    private volatile boolean goOn = true;
    private volatile Throwable failure;

    private LoopbackCapture(byte[] wanted, int socket) {
        this.wanted = wanted;
        this.socket = socket;
        this.reader = Thread.ofPlatform().name("capture").daemon().start(this::read);
    }

    /** @throws IOException when the system does not let this process look, as it does not for everybody */
    public static LoopbackCapture of(byte[] wanted) throws IOException {
        try (var arena = Arena.ofConfined()) {
            int socket = (int) SOCKET.invokeExact(AF_PACKET, SOCK_RAW, ETH_P_ALL);
            if (socket < 0) {
                throw new IOException("A packet socket was refused; run this as root, or with CAP_NET_RAW");
            }
            var size = arena.allocateFrom(JAVA_INT, BUFFER);
            require((int) SET.invokeExact(socket, SOL_SOCKET, SO_RCVBUFFORCE, size, (int) size.byteSize()), "Making the packet socket's buffer larger");
            var patience = arena.allocate(16, 8);
            patience.set(JAVA_LONG, 8, WAKE_UP_MICROS);
            require((int) SET.invokeExact(socket, SOL_SOCKET, SO_RCVTIMEO, patience, (int) patience.byteSize()), "Setting the packet socket's patience");
            var address = arena.allocate(20, 4);
            address.set(JAVA_SHORT, 0, (short) AF_PACKET);
            address.set(JAVA_SHORT, 2, (short) ETH_P_ALL);
            address.set(JAVA_INT, 4, NetworkInterface.getByName("lo").getIndex());
            require((int) BIND.invokeExact(socket, address, (int) address.byteSize()), "Binding the packet socket to the loopback interface");
            return new LoopbackCapture(wanted.clone(), socket);
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private void read() {
        try (var arena = Arena.ofConfined()) {
            var buffer = arena.allocate(LARGEST);
            while (goOn) {
                long length = (long) RECEIVE.invokeExact(socket, buffer, buffer.byteSize(), 0);
                if (length > 0) {
                    bytes.addAndGet(length);
                    look(buffer.asSlice(0, Math.min(length, LARGEST)).toArray(JAVA_BYTE));
                }
            }
        } catch (Throwable e) {
            failure = e;
        }
    }

    private void look(byte[] packet) {
        for (int at = 0; at <= packet.length - wanted.length; at++) {
            if (packet[at] == wanted[0] && Arrays.equals(packet, at, at + wanted.length, wanted, 0, wanted.length)) {
                found.incrementAndGet();
                return;
            }
        }
    }

    /** How much was looked at so far. */
    public long bytes() {
        return bytes.get();
    }

    /** In how many packets the bytes stood so far; one is seen as it goes and as it comes. */
    public long found() {
        if (failure != null) {
            throw new IllegalStateException("The capture has ended", failure);
        }
        return found.get();
    }

    /** How many packets were let go unseen, since the last question. */
    public long missed() {
        try (var arena = Arena.ofConfined()) {
            var statistics = arena.allocate(8, 4);
            var size = arena.allocateFrom(JAVA_INT, 8);
            require((int) GET.invokeExact(socket, SOL_PACKET, PACKET_STATISTICS, statistics, size), "Asking for what the packet socket missed");
            return Integer.toUnsignedLong(statistics.get(JAVA_INT, 4));
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() throws InterruptedException {
        goOn = false;
        reader.join();
        try {
            int _ = (int) CLOSE.invokeExact(socket);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static MethodHandle call(String function, FunctionDescriptor types) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(function), types);
    }

    private static void require(int answer, String what) throws IOException {
        if (answer < 0) {
            throw new IOException(what + " was refused");
        }
    }
}
