package io.millrace.tests.bench;

import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import javax.management.JMException;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/** How many requests a broker has answered, by API, from its own JMX beans. The process is attached to as a user of this machine may. */
public final class KafkaRequests implements AutoCloseable {

    /** What the broker counts among its fetches as well. */
    private static final Set<String> PARTS = Set.of("FetchConsumer", "FetchFollower");
    private static final String BEANS = "kafka.network:type=RequestMetrics,name=RequestsPerSec,*";

    private final JMXConnector connector;

    private KafkaRequests(JMXConnector connector) {
        this.connector = connector;
    }

    /** @param pid of the broker's JVM */
    public static KafkaRequests of(long pid) {
        try {
            var machine = VirtualMachine.attach(Long.toString(pid));
            try {
                return new KafkaRequests(JMXConnectorFactory.connect(new JMXServiceURL(machine.startLocalManagementAgent())));
            } finally {
                machine.detach();
            }
        } catch (IOException | AttachNotSupportedException e) {
            throw new IllegalStateException("Attaching to the broker, process " + pid + ", to count its requests failed: " + e + ". It must be a JVM of the same user", e);
        }
    }

    /** Since the broker began, by API; all versions of one API together. */
    public Map<String, Long> counts() {
        var counts = new TreeMap<String, Long>();
        try {
            var beans = connector.getMBeanServerConnection();
            for (var bean : beans.queryNames(new ObjectName(BEANS), null)) {
                if (!PARTS.contains(bean.getKeyProperty("request"))) {
                    counts.merge(bean.getKeyProperty("request"), (Long) beans.getAttribute(bean, "Count"), Long::sum);
                }
            }
            return counts;
        } catch (IOException | JMException e) {
            throw new IllegalStateException("Reading the broker's " + BEANS + " failed: " + e, e);
        }
    }

    /** By API, how many a second between two counts; those of which there were none are left out. */
    public static Map<String, Double> perSecond(Map<String, Long> before, Map<String, Long> after, double seconds) {
        var rates = new TreeMap<String, Double>();
        after.forEach((api, count) -> {
            long more = count - before.getOrDefault(api, 0L);
            if (more > 0) {
                rates.put(api, more / seconds);
            }
        });
        return rates;
    }

    @Override
    public void close() {
        try {
            connector.close();
        } catch (IOException e) {
            throw new IllegalStateException("Closing the connection to the broker's beans failed: " + e, e);
        }
    }
}
