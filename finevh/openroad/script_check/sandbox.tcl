# Runs scripts in safe interpreters in which every tool command is a stand-in that writes down how it was called.
# Arguments: plan file, record file, folder of the run. The plan is a Tcl dictionary:
#   scripts   scripts to run, in order, each in an interpreter of its own
#   commands  command -> the value it returns; obj_<class> stands for an object
#   methods   class -> method -> the value it returns
# A record is one line: kind, file, line, name and the arguments, separated by the control character 1F.
lassign $argv plan_file record_file folder
set channel [open $plan_file r]
fconfigure $channel -encoding utf-8
set plan [read $channel]
close $channel
set records [open $record_file w]
fconfigure $records -encoding utf-8 -buffersize 1000000
set folder [file normalize $folder]

proc record { kind frame name arguments } {
  set file ""
  set line 0
  catch { set file [file tail [dict get $frame file]] }
  catch { set line [dict get $frame line] }
  set fields [list $kind $file $line $name {*}$arguments]
  # A loop over a table makes the same call thousands of times: once is enough to judge it.
  if { $kind in { script error } || ![dict exists $::seen $fields] } {
    dict set ::seen $fields 1
    puts $::records [string map { "\n" "\x1e" } [join $fields "\x1f"]]
  }
}

# The file of a run that a script names: nothing outside the folder.
proc inside { path } {
  if { [file pathtype $path] ne "relative" || ".." in [file split $path] } {
    error "'$path' lies outside the run directory"
  }
  return [file join $::folder $path]
}

proc open_file { slave frame path { mode r } } {
  record open $frame open [list $path $mode]
  set full [inside $path]
  if { $mode ni { r w } } {
    error "open: mode '$mode' has no use in this flow"
  }
  if { $mode eq "r" && ![file exists $full] } {
    error "cannot read '$path': it is no table of this flow and no stage has written it"
  }
  set channel [open $full $mode]
  interp transfer {} $channel $slave
  return $channel
}

proc source_file { slave frame path } {
  record source $frame source [list $path]
  interp invokehidden $slave -global source [inside $path]
}

# Stand-ins, defined inside the safe interpreter so that [info frame] tells the caller's line.
set inside_slave {
  foreach name { odb ord sta utl } {
    namespace eval ::$name { }
  }
  rename puts ::finevh::puts
  proc puts { args } {
    if { [llength $args] == 2 && [lindex $args 0] ni { stdout stderr -nonewline } } {
      ::finevh::puts {*}$args
    }
  }
  proc open { args } { ::finevh::open [info frame -1] {*}$args }
  proc source { args } { ::finevh::source [info frame -1] {*}$args }
  proc exec { args } { ::finevh::record exec [info frame -1] exec $args }
  proc unknown { name args } { ::finevh::record unknown [info frame -1] $name $args }
  dict for { name value } $commands {
    namespace eval [namespace qualifiers ::$name] { }
    proc ::$name { args } "::finevh::record call \[info frame -1] [list $name] \$args; return [list $value]"
  }
  dict for { owner entries } $methods {
    proc ::obj_$owner { method args } "
      ::finevh::record method \[info frame -1] [list $owner].\$method \$args
      if { \[dict exists \$::finevh::methods $owner \$method] } {
        return \[dict get \$::finevh::methods $owner \$method]
      }
      return 1
    "
  }
  set ::finevh::methods $methods
  proc ::ord::microns_to_dbu { args } {
    ::finevh::record call [info frame -1] ord::microns_to_dbu $args
    return [expr { [string is double -strict [lindex $args 0]] ? int([lindex $args 0] * 1000) : 0 }]
  }
  proc ::ord::dbu_to_microns { args } {
    ::finevh::record call [info frame -1] ord::dbu_to_microns $args
    return 1.0
  }
  unset -nocomplain commands methods name value owner entries
}

proc run_script { script plan prelude } {
  set slave [interp create -safe]
  interp eval $slave { namespace eval ::finevh { } }
  interp alias $slave ::finevh::record {} record
  interp alias $slave ::finevh::open {} open_file $slave
  interp alias $slave ::finevh::source {} source_file $slave
  interp alias $slave ::tcl::info::nameofexecutable {} string cat openroad
  interp eval $slave [list set commands [dict get $plan commands]]
  interp eval $slave [list set methods [dict get $plan methods]]
  interp expose $slave fconfigure
  interp eval $slave $prelude
  foreach name { after interp namespace package rename subst trace uplevel vwait } {
    catch { interp hide $slave $name }
  }
  interp limit $slave commands -value 8000000
  interp limit $slave time -seconds [expr { [clock seconds] + 60 }]
  set ::seen {}
  record script {} $script {}
  set failed [catch { interp invokehidden $slave -global source [inside $script] } message options]
  if { $failed } {
    set trail [dict get $options -errorinfo]
    set place [list $script [dict get $options -errorline]]
    # The innermost file named in the trail is where the error is.
    if { [regexp {\(file "([^"]*)" line ([0-9]+)\)} $trail all file line] } {
      set place [list [file tail $file] $line]
    }
    record error [dict create file [lindex $place 0] line [lindex $place 1]] error [list $message]
  }
  interp delete $slave
}

foreach script [dict get $plan scripts] {
  run_script $script $plan $inside_slave
}
close $records
