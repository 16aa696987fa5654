// Old or new, never a mixture: a commit exchanges bank and generation in one edge, the generation only grows, feed and
// instrument table change in no other cycle than that, and nothing is ever written into the rows that are in force, but the terms of an order of the host: into
// the place that its instrument's rules in force leave to those, and not while one is under way.
// With that and order_needs_its_pass, which refuses a decision of another generation, an order uses one whole set.
//
// Free: all inputs in every cycle. The locate that is looked up is any, but the same throughout.
//
// blocks: control
// induction: 3
// cover: 10
// mutant: control: shadow = (~in_force$q); => shadow = in_force$q;
// mutant: control: is_new = value_came > value; => is_new = value_came > number$q;
// mutant: control: in_force$d = ~in_force$q; => in_force$d = in_force$q;
// mutant: control: if (does$q[c_feed]) begin => if (does$q[c_feed]) begin feed_now$d = arguments$feed;
// mutant: control: taken = asks & is_place$q & => taken = asks &
// mutant: control: template_rule = k_host; => template_rule = rule;
// mutant: control: ~aside & ~is_under_way$q => ~aside
// mutant: control: places_next = places_shadow$q; => places_next = places_shadow$q | places_now$q;
module parameters_old_or_new(
    input clock, input reset, input [511:0] command, input command_valid, input invalidate_all, input [15:0] invalidate,
    input [15:0] halts, input issue, input [3:0] issue_instrument, input fault, input order_enters, input order_judged
);
    (* anyconst *) wire [15:0] locate;
    wire bank, forget, limits_write, template_write, terms_write, image_write;
    wire [2:0] rules_write;
    wire [15:0] rows_found;
    wire [31:0] generation;
    // Both lines and the window.
    wire [162:0] feed;
    wire [4:0] row_address;
    wire [6:0] template_address;
    wire [10:0] image_address;
    control c(.clock(clock), .reset(reset), .command(command), .command_valid(command_valid),
        .invalidate_all(invalidate_all), .invalidate(invalidate), .halts(halts), .issue(issue), .issue_instrument(issue_instrument),
        .fault(fault), .locate(locate), .rows_found(rows_found), .bank(bank),
        .generation(generation), .feed(feed), .forget(forget), .rules_write(rules_write),
        .limits_write(limits_write), .row_address(row_address), .template_write(template_write),
        .template_address(template_address), .terms_write(terms_write), .order_enters(order_enters), .order_judged(order_judged),
        .image_write(image_write), .image_address(image_address));

    reg was = 0, was_forget = 0, was_bank = 0, was_reset = 0;
    reg [31:0] was_generation = 0;
    reg [162:0] was_feed = 0;
    reg [15:0] was_rows = 0;
    reg [1:0] commits = 0;
    // Where a rule row leaves the last place to orders of the host, as they were written; an order is under way until it is judged.
    (* hierconn *) wire [511:0] \c.held$q ;
    reg [15:0] places [0:1];
    initial {places[0], places[1]} = 0;
    reg under_way = 0;
    reg [1:0] orders = 0;
    wire commit_now = was && was_forget && !was_reset;
    always @(posedge clock) begin
        was <= 1;
        was_reset <= reset;
        was_forget <= forget;
        was_bank <= bank;
        was_generation <= generation;
        was_feed <= feed;
        was_rows <= rows_found;
        if (rules_write[0]) places[row_address[4]][row_address[3:0]] <= \c.held$q [159:152] == 9;
        under_way <= !reset && (terms_write || (under_way && !order_judged));
        if (terms_write && orders != 3) orders <= orders + 1;
        if (reset) {places[0], places[1]} <= 0;
        if (commit_now && commits != 3) commits <= commits + 1;
        if (was && !was_reset && !was_forget) begin
            nothing_changes_between: assert (bank == was_bank && generation == was_generation && feed == was_feed
                && rows_found == was_rows);
        end
        if (commit_now) begin
            all_change_at_once: assert (bank == !was_bank && generation > was_generation);
        end
        rows_in_force_stay: assert ((!rules_write && !limits_write || row_address[4] != bank)
            && (!template_write || template_address[6] != bank) && (!image_write || image_address[10] != bank));

        terms_have_their_place: assert (!terms_write || (template_address[6] == bank && template_address[1:0] == 3
            && places[bank][template_address[5:2]]));
        one_at_a_time: assert (!terms_write || !under_way);

        an_order_comes_behind_another: cover (terms_write && orders == 1);
        second_set_watches: cover (commits == 2 && rows_found != 0 && was_rows == 0 && feed[47:32] != was_feed[47:32]);
    end

    // What makes this inductive: the places and the order under way, as the block has them.
    (* hierconn *) wire [15:0] \c.entry.places_now$q , \c.entry.places_shadow$q ;
    (* hierconn *) wire \c.entry.is_under_way$q , \c.entry.is_place$q ;
    always @(posedge clock) begin
        places_are_known: assert (\c.entry.places_now$q == places[bank] && \c.entry.places_shadow$q == places[!bank]);
        place_is_its_instruments: assert (\c.entry.is_place$q == places[bank][\c.held$q [75:72]]);
        under_way_is_known: assert (\c.entry.is_under_way$q == under_way);
    end
endmodule
