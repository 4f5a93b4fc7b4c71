package io.millrace.tests.bench.join;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * What the shop's tables hold at this moment, and so what every document has to be: the ground truth. It shares no code
 * with the denormalizer. Only for one thread at a time.
 *
 * <p>An order has one customer, three items on average, each with a product, and one tag on average. One product is in
 * every fifth order. A row's texts follow from its id and from how often it was changed.
 */
final class Shop {

    /** The product of every fifth order. */
    static final int HOT = 0;

    private static final int HOT_EVERY = 5;
    private static final String[] STATES = {"new", "paid", "sent", "returned"};
    private static final String[] CITIES = {"Lisbon", "Kraków", "Reykjavík", "Zürich", "Ankara"};

    final int orders;
    final int customers;
    final int products;
    final int tags;
    final int[] orderCustomer;
    final int[] orderChanges;
    final boolean[] orderPresent;
    /** Of each order, ascending. */
    private final int[][] orderItems;
    private final int[][] orderTags;
    /** The highest commit of what is, or was, the order's own: its row, its items, its links. */
    private final long[] orderCommit;
    int items;
    int[] itemOrder;
    int[] itemProduct;
    int[] itemChanges;
    final int[] customerChanges;
    final int[] productChanges;
    final int[] tagChanges;
    final long[] customerCommit;
    final long[] productCommit;
    final long[] tagCommit;

    /** @param commit of every row to begin with */
    Shop(int orders, long commit) {
        this.orders = orders;
        customers = Math.max(10, orders / 10);
        products = Math.max(50, orders / 40);
        tags = 50;
        var random = new SplittableRandom(orders);
        orderCustomer = random.ints(orders, 0, customers).toArray();
        orderChanges = new int[orders];
        orderPresent = new boolean[orders];
        Arrays.fill(orderPresent, true);
        orderItems = new int[orders][];
        orderTags = new int[orders][];
        orderCommit = filled(orders, commit);
        itemOrder = new int[orders * 4];
        itemProduct = new int[orders * 4];
        itemChanges = new int[orders * 4];
        for (int order = 0; order < orders; order++) {
            orderItems[order] = new int[1 + random.nextInt(5)];
            for (int i = 0; i < orderItems[order].length; i++) {
                int product = i == 0 && order % HOT_EVERY == 0 ? HOT : 1 + random.nextInt(products - 1);
                orderItems[order][i] = newItem(order, product);
            }
            orderTags[order] = random.ints(random.nextInt(3), 0, tags).distinct().sorted().toArray();
        }
        customerChanges = new int[customers];
        productChanges = new int[products];
        tagChanges = new int[tags];
        customerCommit = filled(customers, commit);
        productCommit = filled(products, commit);
        tagCommit = filled(tags, commit);
    }

    private static long[] filled(int length, long value) {
        var filled = new long[length];
        Arrays.fill(filled, value);
        return filled;
    }

    private int newItem(int order, int product) {
        if (items == itemOrder.length) {
            itemOrder = Arrays.copyOf(itemOrder, items * 2);
            itemProduct = Arrays.copyOf(itemProduct, items * 2);
            itemChanges = Arrays.copyOf(itemChanges, items * 2);
        }
        itemOrder[items] = order;
        itemProduct[items] = product;
        return items++;
    }

    int[] tagsOf(int order) {
        return orderTags[order];
    }

    long rows() {
        return (long) orders + customers + products + tags + items + Arrays.stream(orderTags).mapToLong(t -> t.length).sum();
    }

    /** How many documents there are now. */
    int present() {
        int count = 0;
        for (boolean present : orderPresent) {
            count += present ? 1 : 0;
        }
        return count;
    }

    /** How many documents show the hot product now. */
    int hotDocuments() {
        int count = 0;
        for (int order = 0; order < orders; order++) {
            count += orderPresent[order] && Arrays.stream(orderItems[order]).anyMatch(i -> itemProduct[i] == HOT) ? 1 : 0;
        }
        return count;
    }

    void touch(int order, long commit) {
        orderCommit[order] = Math.max(orderCommit[order], commit);
    }

    /** Adds an item to an order and returns its id. */
    int addItem(int order, int product, long commit) {
        int item = newItem(order, product);
        orderItems[order] = with(orderItems[order], item);
        touch(order, commit);
        return item;
    }

    /** Takes an item from its order; it is in none afterwards. */
    void removeItem(int item, long commit) {
        int order = itemOrder[item];
        orderItems[order] = without(orderItems[order], item);
        touch(order, commit);
        itemOrder[item] = -1;
    }

    void moveItem(int item, int to, long commit) {
        removeItem(item, commit);
        itemOrder[item] = to;
        orderItems[to] = with(orderItems[to], item);
        touch(to, commit);
    }

    /** Gives the order a tag, or takes it away; true where the order has it now. */
    boolean toggleTag(int order, int tag, long commit) {
        boolean had = Arrays.binarySearch(orderTags[order], tag) >= 0;
        orderTags[order] = had ? without(orderTags[order], tag) : with(orderTags[order], tag);
        touch(order, commit);
        return !had;
    }

    private static int[] with(int[] sorted, int value) {
        var longer = Arrays.copyOf(sorted, sorted.length + 1);
        longer[sorted.length] = value;
        Arrays.sort(longer);
        return longer;
    }

    private static int[] without(int[] sorted, int value) {
        return Arrays.stream(sorted).filter(v -> v != value).toArray();
    }

    String customerName(int customer) {
        return "Customer " + customer + " Æ " + customerChanges[customer];
    }

    String city(int customer) {
        return CITIES[customer % CITIES.length];
    }

    String productName(int product) {
        return "Product " + product + " rev " + productChanges[product];
    }

    String category(int product) {
        return "category-" + product % 23;
    }

    String label(int tag) {
        return "tag " + tag + "/" + tagChanges[tag];
    }

    String status(int order) {
        return STATES[(order + orderChanges[order]) % STATES.length] + "-" + orderChanges[order];
    }

    String note(int order) {
        return "Order number " + order + ", to be delivered between nine and twelve; please \"ring\" twice";
    }

    long total(int order) {
        return 1_000L * order + orderChanges[order];
    }

    int quantity(int item) {
        return 1 + (item + itemChanges[item]) % 9;
    }

    String price(int item) {
        return item % 1000 + "." + (10 + item % 90);
    }

    /** The document as its bytes should be; null where there is none. */
    byte[] document(int order) {
        if (!orderPresent[order]) {
            return null;
        }
        var out = new StringBuilder(512);
        int customer = orderCustomer[order];
        out.append("{\"customer\":{\"city\":\"").append(city(customer)).append("\",\"name\":\"").append(customerName(customer))
                .append("\"},\"id\":").append(order).append(",\"items\":[");
        for (int item : orderItems[order]) {
            int product = itemProduct[item];
            out.append(item == orderItems[order][0] ? "" : ",").append("{\"id\":").append(item).append(",\"price\":").append(price(item))
                    .append(",\"product\":{\"category\":\"").append(category(product)).append("\",\"name\":\"").append(productName(product))
                    .append("\"},\"quantity\":").append(quantity(item)).append('}');
        }
        out.append("],\"note\":\"").append(note(order).replace("\"", "\\\"")).append("\",\"status\":\"").append(status(order)).append("\",\"tags\":[");
        for (int tag : orderTags[order]) {
            out.append(tag == orderTags[order][0] ? "" : ",").append("{\"label\":\"").append(label(tag)).append("\"}");
        }
        return out.append("],\"total\":").append(total(order)).append('}').toString().getBytes(StandardCharsets.UTF_8);
    }

    /** No version of the document as it is now may be lower; only for one that is present. */
    long leastVersion(int order) {
        long version = Math.max(orderCommit[order], customerCommit[orderCustomer[order]]);
        for (int item : orderItems[order]) {
            version = Math.max(version, productCommit[itemProduct[item]]);
        }
        for (int tag : orderTags[order]) {
            version = Math.max(version, tagCommit[tag]);
        }
        return version;
    }
}
