package io.millrace.local;

import com.sun.jdi.Bootstrap;
import com.sun.jdi.ClassType;
import com.sun.jdi.InvocationException;
import com.sun.jdi.Method;
import com.sun.jdi.ObjectReference;
import com.sun.jdi.ThreadReference;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.event.LocatableEvent;
import com.sun.jdi.request.EventRequest;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;

/** Takes hold of the threads of a process, which nothing from outside does otherwise: a signal stops all of them. */
public final class Debugger implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(90);

    private final VirtualMachine machine;

    private Debugger(VirtualMachine machine) {
        this.machine = machine;
    }

    /** What a process needs that is to be attached to. A virtual thread that is blocked here keeps its carrier, of which there must be more. */
    public static String option(int port) {
        return "-Djdk.virtualThreadScheduler.parallelism=8 -agentlib:jdwp=transport=dt_socket,server=y,suspend=n,includevirtualthreads=y,address=127.0.0.1:" + port;
    }

    public static Debugger attach(int port) throws Exception {
        var connector = Bootstrap.virtualMachineManager().attachingConnectors().stream().filter(c -> c.transport().name().equals("dt_socket")).findFirst().orElseThrow();
        var arguments = connector.defaultArguments();
        arguments.get("hostname").setValue("127.0.0.1");
        arguments.get("port").setValue(Integer.toString(port));
        return new Debugger(connector.attach(arguments));
    }

    /**
     * Has a thread sleep in the method that it enters next, and does not come back before it is interrupted. A thread that
     * is suspended instead does not even answer where it stands.
     *
     * @param thread its name; null for the first that comes
     */
    public ThreadReference block(String thread, String type, String method) throws Exception {
        var entered = entering(type, method, thread, () -> null);
        var sleep = ((ClassType) machine.classesByName(Thread.class.getName()).getFirst()).concreteMethodByName("sleep", "(J)V");
        Thread.ofVirtual().start(() -> {
            try {
                ((ClassType) sleep.declaringType()).invokeMethod(entered, sleep, List.of(machine.mirrorOf(Long.MAX_VALUE)), ClassType.INVOKE_SINGLE_THREADED);
            } catch (InvocationException e) {
                entered.resume();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        return entered;
    }

    /** Throws an Error in the thread when it enters the method next. */
    public void fail(String thread, String type, String method) throws Exception {
        fail(thread, type, method, () -> null);
    }

    /**
     * The same where it has to be made to enter.
     *
     * @param cause what makes it enter the method; done once it would be seen
     */
    public void fail(String thread, String type, String method, Callable<?> cause) throws Exception {
        var entered = entering(type, method, thread, cause);
        entered.stop(error(entered));
        entered.resume();
    }

    /** The thread, suspended where it has entered the method. */
    private ThreadReference entering(String type, String method, String thread, Callable<?> cause) throws Exception {
        var requests = requests(type, method);
        requests.forEach(request -> {
            request.setSuspendPolicy(EventRequest.SUSPEND_EVENT_THREAD);
            request.enable();
        });
        cause.call();
        while (true) {
            var events = machine.eventQueue().remove(PATIENCE.toMillis());
            if (events == null) {
                throw new IllegalStateException((thread == null ? "No thread" : "No thread " + thread) + " entered " + type + "." + method);
            }
            for (var event : events) {
                if (event instanceof LocatableEvent entered && entered.location().method().name().equals(method) && (thread == null || entered.thread().name().equals(thread))) {
                    requests.forEach(EventRequest::disable);
                    return entered.thread();
                }
            }
            events.resume();
        }
    }

    /** Watching for entries slows a process down as a whole, and a breakpoint does not; but it needs a class that is loaded. */
    private List<? extends EventRequest> requests(String type, String method) {
        var requests = machine.eventRequestManager();
        var loaded = machine.classesByName(type).stream().flatMap(t -> t.methodsByName(method).stream()).map(Method::location).filter(Objects::nonNull).map(requests::createBreakpointRequest).toList();
        if (!loaded.isEmpty()) {
            return loaded;
        }
        var entry = requests.createMethodEntryRequest();
        entry.addClassFilter(type);
        return List.of(entry);
    }

    private ObjectReference error(ThreadReference thread) throws Exception {
        var type = (ClassType) machine.classesByName(StackOverflowError.class.getName()).getFirst();
        return type.newInstance(thread, type.concreteMethodByName("<init>", "()V"), List.of(), ClassType.INVOKE_SINGLE_THREADED);
    }

    @Override
    public void close() {
        machine.dispose();
    }
}
