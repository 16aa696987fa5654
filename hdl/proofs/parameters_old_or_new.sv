// Old or new, never a mixture: a commit exchanges bank and generation in one edge, the generation only grows, feed and
// instrument table change in no other cycle than that, and nothing is ever written into the rows that are in force.
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
// mutant: control: if (does$q[c_feed]) begin => if (does$q[c_feed]) begin group_now$d = arg0[31:0];
module parameters_old_or_new(
    input clock, input reset, input [511:0] command, input command_valid, input invalidate_all, input [15:0] invalidate,
    input issue, input [3:0] issue_instrument, input event_lost
);
    (* anyconst *) wire [15:0] locate;
    wire bank, forget, rules_write, limits_write, template_write, image_write;
    wire [15:0] rows_found;
    wire [31:0] generation, group;
    wire [15:0] port;
    wire [4:0] row_address;
    wire [6:0] template_address;
    wire [10:0] image_address;
    control c(.clock(clock), .reset(reset), .command(command), .command_valid(command_valid),
        .invalidate_all(invalidate_all), .invalidate(invalidate), .issue(issue), .issue_instrument(issue_instrument),
        .event_lost(event_lost), .locate(locate), .rows_found(rows_found), .bank(bank),
        .generation(generation), .group(group), .port(port), .forget(forget), .rules_write(rules_write),
        .limits_write(limits_write), .row_address(row_address), .template_write(template_write),
        .template_address(template_address), .image_write(image_write), .image_address(image_address));

    reg was = 0, was_forget = 0, was_bank = 0, was_reset = 0;
    reg [31:0] was_generation = 0, was_group = 0;
    reg [15:0] was_port = 0;
    reg [15:0] was_rows = 0;
    reg [1:0] commits = 0;
    wire commit_now = was && was_forget && !was_reset;
    always @(posedge clock) begin
        was <= 1;
        was_reset <= reset;
        was_forget <= forget;
        was_bank <= bank;
        was_generation <= generation;
        was_group <= group;
        was_port <= port;
        was_rows <= rows_found;
        if (commit_now && commits != 3) commits <= commits + 1;
        if (was && !was_reset && !was_forget) begin
            nothing_changes_between: assert (bank == was_bank && generation == was_generation && group == was_group
                && port == was_port && rows_found == was_rows);
        end
        if (commit_now) begin
            all_change_at_once: assert (bank == !was_bank && generation > was_generation);
        end
        rows_in_force_stay: assert ((!rules_write && !limits_write || row_address[4] != bank)
            && (!template_write || template_address[6] != bank) && (!image_write || image_address[10] != bank));

        second_set_watches: cover (commits == 2 && rows_found != 0 && was_rows == 0 && port != was_port);
    end
endmodule
